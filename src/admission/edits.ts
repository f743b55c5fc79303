/** What is said in a conffile, so that it is the owner's. */
const remark = "the owner's: kept by every upgrade";
/** Marks that begin a comment up to the end of the line, in files that people write. */
const lineComments = ['#', ';', '//', '--', '!', '%'] as const;

/**
 * A text that changes a configuration file's bytes and not its meaning, to be put at its end: a comment in the syntax
 * that the file itself uses, of XML, or a line feed in JSON, which knows none. Undefined where nobody can tell: a file
 * with NUL bytes. Where the file has no comments, `#` is taken.
 */
export function harmlessAppendix(content: Buffer): string | undefined {
  if (content.includes(0)) return undefined;
  const text = content.toString('utf8');
  const begin = text === '' || text.endsWith('\n') ? '' : '\n';
  if (/^\s*<[?!\w]/.test(text)) return `${begin}<!-- ${remark} -->\n`;
  if (isJson(text)) return '\n';
  return `${begin}${commentOf(text)} ${remark}\n`;
}

function isJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The mark that most lines begin with. */
function commentOf(text: string): string {
  const lines = text.split('\n').map((line) => line.trimStart());
  const counts = lineComments.map((mark) => ({
    mark,
    lines: lines.filter((line) => line.startsWith(mark)).length,
  }));
  return counts.reduce((best, one) => (one.lines > best.lines ? one : best)).mark;
}
