import { commandLine } from '../core/quote.ts';
import { screenText, wrap } from '../report/screen.ts';
import { oneLine } from '../report/text.ts';
import type { Admission, Criterion, CriterionVerdict, PackageAdmission } from './admission.ts';

/** How a terminal shows what matters most. */
type Bold = (text: string) => string;

/** Packages that have a line each. */
const mostPackages = 8;
/** What has to be looked at comes first. */
const order: readonly CriterionVerdict[] = [
  ...(['error', 'failed', 'unknown', 'known'] as const),
  ...(['not run', 'not applicable', 'passed'] as const),
];

/** What an admission came to on one screen: packages, criteria, where the dossier is, and the next command. */
export function admissionScreen(admission: Admission, folder: string, bold: Bold = String): string {
  const { packages } = admission;
  const more = packages.length - mostPackages;
  return screenText({
    head: [
      ...packages.slice(0, mostPackages).map((one) => packageLine(one, bold)),
      ...(more > 0 ? [`and ${more} packages more`] : []),
    ],
    sections: [criterionLines(packages)],
    end: admissionEnd(admission, folder, bold),
  });
}

/** The last lines, on a screen as in a log: where the dossier is, and the next command. */
export function admissionEnd({ packages }: Admission, folder: string, bold: Bold = String): string[] {
  const token = packages
    .flatMap(({ criteria }) => criteria.flatMap(({ findings }) => findings))
    .find((one) => one.token !== '')?.token;
  const next = token === undefined ? ['report', 'open', folder] : ['replay', token];
  return [
    `dossier: ${folder}/admission.md`,
    `page: ${folder}/index.html`,
    `next: ${bold(commandLine(['brownout', ...next]))}`,
  ];
}

function packageLine({ name, verdict }: PackageAdmission, bold: Bold): string {
  return `${bold(oneLine(name, 50))}: ${verdict}`;
}

function criterionLines(packages: readonly PackageAdmission[]): string[] {
  const all = packages.flatMap(({ name, criteria }) => criteria.map((one) => ({ name, ...one })));
  return [...all]
    .sort((one, other) => order.indexOf(one.verdict) - order.indexOf(other.verdict))
    .flatMap((one) => wrap(packages.length > 1 ? `${one.name}, ${lineOf(one)}` : lineOf(one), '  ', 3));
}

function lineOf({ id, machine, verdict, summary }: Criterion): string {
  return `${id} on ${machine}: ${verdict}; ${oneLine(summary)}`;
}
