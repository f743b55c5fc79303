import { Option } from '@commander-js/extra-typings';
import { machineNames } from '../model/machine.ts';
import { acceleratorName, byteSize, machineName, wholeNumber } from './values.ts';

/** Options that mean the same with each command that boots devices. */

export const machineOption = new Option(
  '--machine <machine>',
  `only this machine: ${machineNames.join(' or ')} (default: all of the scenario)`,
).argParser(machineName);

export const reportsOption = new Option('--reports <folder>', 'where report folders are made').default(
  'reports',
);

export const jobsOption = new Option(
  '--jobs <n>',
  'machines that run at once (default: by cores and memory)',
).argParser(wholeNumber('--jobs', 1, 256));

export const acceleratorOption = new Option(
  '--accelerator <name>',
  'auto = TCG with power cuts, else KVM where it works; kvm; tcg',
)
  .argParser(acceleratorName)
  .default('auto' as const);

export const sshPortOption = new Option(
  '--ssh-port <port>',
  "host port for the guest's ssh; one machine at a time",
).argParser(wholeNumber('--ssh-port', 1, 65535));

export const diskBudgetOption = new Option(
  '--disk-budget <size>',
  'what a device may write before it is taken for broken: 512M, 20G (default: 8 times its disks, at least 2G)',
).argParser(byteSize('--disk-budget'));

export const quietOption = new Option('--quiet', 'show nothing until the end, and then one screen');

export const plainOption = new Option(
  '--plain',
  'lines that stay, as in the log of a CI, also on a terminal',
);

export const jsonOption = new Option(
  '--json',
  'print one JSON document on standard output; progress goes to standard error',
);
