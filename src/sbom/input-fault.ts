/** Something that is wrong with a file that is read all the same. */
export interface InputFault {
  /** Of the file, from 1 on; undefined where it is not known. */
  line?: number;
  what: string;
  /** A whole package, or all that is said of one, is left out; or else a line was passed over. */
  isLeftOut: boolean;
}

/** Told of each fault of a file. */
export type Complain = (fault: InputFault, file: string) => void;

/** A fault for people: `line 12: a stanza without the field Version`. */
export function faultText({ line, what }: InputFault): string {
  return line === undefined ? what : `line ${line}: ${what}`;
}
