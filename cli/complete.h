/* Shell completions, from the description of commands. */
#ifndef MOTE_CLI_COMPLETE_H
#define MOTE_CLI_COMPLETE_H

void cli_complete_bash(void);
void cli_complete_zsh(void);
void cli_complete_fish(void);

#endif
