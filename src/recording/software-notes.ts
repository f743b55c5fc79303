import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolders } from '../core/make-folders.ts';
import { version } from '../core/version.ts';
import type { RunContext } from '../device/run-context.ts';
import type { PathRecord } from '../model/record.ts';
import type { InstalledPackage, PackageSystem } from '../model/software.ts';
import { type Upgrade, upgradeName } from '../model/upgrade.ts';
import { comparisons } from '../sbom/compare.ts';
import { diffSoftware } from '../sbom/diff.ts';
import { type FactBook, withFacts } from '../sbom/facts.ts';
import { readFeedFacts } from '../sbom/feed-facts.ts';
import { spdx23 } from '../sbom/spdx23.ts';
import { spdx301 } from '../sbom/spdx301.ts';
import { describeSystem } from '../sbom/system-sbom.ts';

const writers = { 'spdx-2.3.json': spdx23, 'spdx-3.0.1.json': spdx301 };

/** Notes what each upgrade of a path made of the device's packages, and describes the system afterwards in SPDX. */
export class SoftwareNotes {
  private readonly context: RunContext;
  private readonly path: PathRecord;
  private readonly label: string;
  private before: readonly InstalledPackage[] | undefined;

  /** `label` begins the documents' names; `before` is what was installed first, undefined where nobody counts packages. */
  constructor(
    context: RunContext,
    path: PathRecord,
    label: string,
    before: readonly InstalledPackage[] | undefined,
  ) {
    this.context = context;
    this.path = path;
    this.label = label;
    this.before = before;
  }

  /** `after`: what is installed now, as the device says. */
  async note({ from, to }: Upgrade, after: readonly InstalledPackage[] | undefined): Promise<void> {
    const { system } = this;
    const { before } = this;
    this.before = after;
    if (before === undefined || after === undefined || system === undefined) return;
    const old = withFacts(before, await this.facts(from));
    const installed = withFacts(after, await this.facts(to));
    const name = `${this.context.manifest.name}-${this.context.machine}-${to}`;
    const sbom = describeSystem({ system, installed, before: old, name });
    const created = `${new Date().toISOString().slice(0, 19)}Z`;
    const documents: string[] = [];
    for (const [suffix, write] of Object.entries(writers)) {
      const file = join('sbom', `${this.label}-${to}.${suffix}`);
      const target = join(this.context.folder, file);
      await makeFolders(dirname(target));
      const document = write(sbom, { created, tool: `brownout-${version()}` });
      await writeFile(target, `${JSON.stringify(document, null, 2)}\n`);
      documents.push(file);
    }
    const diff = diffSoftware(old, installed, comparisons[system]);
    this.path.software = [
      ...(this.path.software ?? []),
      { upgrade: upgradeName({ from, to }), diff, documents },
    ];
  }

  private get system(): PackageSystem | undefined {
    const { source } = this.context.agent;
    return source.kind === 'feed' ? source.system : undefined;
  }

  /** What the indexes of a release's feed say of its packages; rpm's own record says all of it. */
  private async facts(release: string): Promise<FactBook> {
    if (this.system === 'rpm') return new Map();
    const [name, file] = Object.entries(this.context.manifest.releases[release]?.feed ?? {})[0] ?? [];
    if (name === undefined || file === undefined) return new Map();
    return await readFeedFacts(file.path.slice(0, -name.length), () => undefined, this.context.signal);
  }
}
