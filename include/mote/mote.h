/* The whole public API of libmote. */
#ifndef MOTE_MOTE_H
#define MOTE_MOTE_H

#include <mote/adapter.h>
#include <mote/check.h>
#include <mote/classify.h>
#include <mote/constraint.h>
#include <mote/convert.h>
#include <mote/embed.h>
#include <mote/engine.h>
#include <mote/eval.h>
#include <mote/extract.h>
#include <mote/generate.h>
#include <mote/merge.h>
#include <mote/model.h>
#include <mote/proofread.h>
#include <mote/quantize.h>
#include <mote/rerank.h>
#include <mote/rewrite.h>
#include <mote/sampler.h>
#include <mote/session.h>
#include <mote/status.h>
#include <mote/store.h>
#include <mote/summarize.h>
#include <mote/task.h>
#include <mote/task_eval.h>
#include <mote/template.h>
#include <mote/tokenizer.h>
#include <mote/tools.h>
#include <mote/version.h>

#endif
