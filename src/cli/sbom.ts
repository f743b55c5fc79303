import { type AddCommand, examples } from './command.ts';
import { addSbomDiff } from './sbom-diff.ts';
import { addSbomWrite } from './sbom-write.ts';

/** `brownout sbom …` */
export const addSbom: AddCommand = (program, surroundings, finish) => {
  const sbom = program
    .command('sbom')
    .summary('say what is installed on a system: as SPDX, or what an upgrade changed')
    .addHelpText(
      'after',
      `${examples(
        'brownout sbom --status status --format opkg --feed tmp/deploy/ipk --out system.spdx.json',
        'brownout sbom diff --format opkg status-before status-after',
      )}\n(brownout sbom write --help: options of the first)`,
    );
  addSbomWrite(sbom, surroundings, finish);
  addSbomDiff(sbom, surroundings, finish);
};
