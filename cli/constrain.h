/* What the answer may be, by the flags --grammar, --grammar-file, --json-schema, --json-schema-file. */
#ifndef MOTE_CLI_CONSTRAIN_H
#define MOTE_CLI_CONSTRAIN_H

#include "cli/output.h"

/* *constraint is NULL where no flag asks for one. CLI_DONE, or prints what is wrong. */
int cli_constrain(const cli_options *o, mote_constraint **constraint);

#endif
