/* A model file that is cut while it is mapped: reading past its new end is SIGBUS. The program then says which file it was, puts the terminal right and ends with CLI_FAILED;
 * nothing half-written stays, since what is written becomes visible only when it is whole. (The library installs no handler: signals belong to the program.) */
#ifndef MOTE_CLI_FAULT_H
#define MOTE_CLI_FAULT_H

/* Remembers how the terminal is, too: before anything changes it. */
void cli_fault_install(void);

#endif
