import { type AddCommand, examples } from './command.ts';
import { addLogExport } from './log-export.ts';
import { addLogList } from './log-list.ts';

/** `brownout log …` */
export const addLog: AddCommand = (program, surroundings, finish) => {
  const log = program
    .command('log')
    .summary('list recorded write logs, and export one for other tools')
    .addHelpText('after', examples('brownout log list'));
  for (const add of [addLogList, addLogExport]) add(log, surroundings, finish);
};
