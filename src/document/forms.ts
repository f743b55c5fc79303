import { z } from 'zod';

/** What a release may be called, in an image, in a scenario and on the command line: each becomes a folder's name. */
export const releasePattern = /^(?!\.{1,2}$)[\w.+~-]{1,128}$/;

/** A release's name. */
export const releaseName = z
  .string()
  .regex(releasePattern, { error: 'a release: letters, digits, . _ + ~ -, 128 of them at most' });

/** A package's name, whatever its format. */
export const packageName = z.string().regex(/^[A-Za-z0-9][\w.+-]{0,127}$/, {
  error: 'the name of a package: a letter or digit, then letters, digits, . _ + -',
});

/** A file's path as a device has it; `where` ends the sentence: "in the guest". */
export function filePath(where: string) {
  return z
    .string()
    .regex(/^(?!.*\/\.{1,2}(?:\/|$))(?:\/[^/\u0000-\u001f\u007f]+)+$/, {
      error: `an absolute path ${where}, without . or .. and without control characters`,
    })
    .max(4096);
}

const modeForm = 'an octal file mode in quotes: "0640"';

/** A file's mode, written in octal, as a number. */
export const fileMode = z
  .string({ error: `text: ${modeForm}` })
  .regex(/^0?[0-7]{3,4}$/, { error: modeForm })
  .transform((value) => Number.parseInt(value, 8));

/** SHA-256 of an ssh key in base64, as ssh-keygen shows it, without its label. */
export const fingerprintPattern = /^[A-Za-z0-9+/]{43}$/;

/** What reports call a part of a scenario. */
export const shortName = z
  .string()
  .regex(/^[A-Za-z0-9][\w -]{0,39}$/, { error: 'a short name: letters, digits, _, - and spaces' });
