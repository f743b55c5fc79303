import { replacedText } from '../image/build.ts';
import type { ImageManifest } from '../model/image.ts';
import type { MachineName } from '../model/machine.ts';
import type { Scenario } from '../model/scenario.ts';
import type { RunHost } from './run-host.ts';
import { imageId } from './scenario-image.ts';

/** A scenario on a machine, which needs the image of both. */
interface Needs {
  scenario: Scenario;
  machine: MachineName;
}

/** What builds images, and who is told. */
interface SharedOptions {
  host: Pick<RunHost, 'imageFor'>;
  signal: AbortSignal;
  /** Told once of packages that are not the locked ones, when all images are there. */
  notice: (message: string) => void;
}

/** The images of one invocation, each built once, whichever runs ask for it. */
export class SharedImages {
  private readonly options: SharedOptions;
  private readonly images = new Map<string, Promise<ImageManifest>>();
  private readonly awaited: Set<string>;
  private readonly replaced = new Map<string, Set<string>>();

  constructor(needs: readonly Needs[], options: SharedOptions) {
    this.options = options;
    this.awaited = new Set(needs.map(keyOf));
  }

  of(needs: Needs, onNotice: (message: string) => void): Promise<ImageManifest> {
    const key = keyOf(needs);
    const known = this.images.get(key);
    if (known !== undefined) return known;
    const building = this.build(needs, onNotice).finally(() => this.settled(key));
    this.images.set(key, building);
    return building;
  }

  private build({ scenario, machine }: Needs, onNotice: (message: string) => void): Promise<ImageManifest> {
    const { host, signal } = this.options;
    const onReplaced = (packages: readonly string[]) => {
      const of = this.replaced.get(scenario.image) ?? new Set();
      for (const one of packages) of.add(one);
      this.replaced.set(scenario.image, of);
    };
    return host.imageFor(scenario, machine, { signal, onNotice, onReplaced });
  }

  private settled(key: string): void {
    if (!this.awaited.delete(key) || this.awaited.size > 0 || this.replaced.size === 0) return;
    this.options.notice(replacedText(new Map([...this.replaced].map(([image, of]) => [image, [...of]]))));
  }
}

function keyOf({ scenario, machine }: Needs): string {
  return `${imageId(scenario)} ${machine}`;
}
