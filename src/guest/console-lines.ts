/** Characters of a console line that are kept; a guest may send a line without end. */
const lineLimit = 2000;

/** Splits a guest's serial output into printable lines, whatever bytes it sends. */
export class LineSplitter {
  private partial = '';

  /** The lines that these bytes complete. */
  push(bytes: Uint8Array): string[] {
    const parts = (
      this.partial + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    ).split('\n');
    this.partial = (parts.pop() ?? '').slice(0, lineLimit);
    return parts.map(printable).filter((line) => line !== '');
  }

  /** What has come of a line that has not ended yet. */
  get rest(): string {
    return printable(this.partial);
  }
}

// CSI and OSC sequences, then every other control or non-ASCII byte.
const escapes = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)/g;
const unprintable = /[^\x20-\x7e\t]/g;

function printable(line: string): string {
  return line.slice(0, lineLimit).replace(escapes, '').replace(/\r/g, '').replace(unprintable, '?').trimEnd();
}
