/** Where a name went that other packages depend on. */
interface Move {
  name: string;
  version: string;
}

/** From a name and its version to what they are in the next release. */
export class Moves {
  private readonly byVersion = new Map<string, Move>();
  private readonly renamed = new Map<string, string>();

  /** A package, or what one provides with a version of its own. */
  add(name: string, version: string, to: Move): void {
    this.byVersion.set(`${name} ${version}`, to);
    if (to.name !== name) this.renamed.set(name, to.name);
  }

  /** Of `x (= 1.0-r0)`; undefined where it stays. */
  exact(name: string, version: string): Move | undefined {
    return this.byVersion.get(`${name} ${version}`);
  }

  /** The new name of a package that was renamed. */
  newName(name: string): string | undefined {
    return this.renamed.get(name);
  }
}
