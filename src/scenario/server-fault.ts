import { z } from 'zod';
import { packageName, shortName } from '../document/forms.ts';
import { fileFaults, publishingFaults } from '../model/scenario.ts';

const placeForm = 'the number of a byte, from 0, or a share such as 50%';
const place = z.union([
  z.int({ error: placeForm }).min(0, { error: placeForm }),
  z.string().regex(/^\d{1,2}(\.\d{1,3})?%$/, { error: placeForm }),
]);

/** What is wrong with the update server while a copy of the device tries the upgrade. */
export const serverFault = z.strictObject({
  name: shortName,
  fault: z
    .enum([...fileFaults, ...publishingFaults])
    .describe(
      'missing: answered with 404; truncated: ends at a byte, and the server says so; corrupted: one byte is ' +
        'wrong; dropped: the connection is lost at a byte. Of a package feed also: index-first: the indexes are the ' +
        "new release's, the packages still the old one's; packages-first: the other way round",
    ),
  package: packageName
    .optional()
    .describe("The package whose file it is; default: all of the feed's indexes. Not for bundles"),
  at: place
    .default('50%')
    .describe('Which byte, or how much of the file comes before it; for truncated, corrupted and dropped'),
});
