import { sha256 } from '../../../src/core/digest.ts';
import type { FileStore } from './file-store.ts';
import { type Known, prints } from './shell.ts';

/** The setting that the simulated releases ship; that of the last one is another. */
export const settingPath = '/etc/vendor.conf';

/**
 * What a device makes of a setting that it should not: it keeps the first release's default; each release brings its own in
 * place of the owner's; or so where that is no regular file.
 */
export type SettingFault = 'stale' | 'overwritten' | 'regular only';

const shippedBy = (version: string) => (version === '2.0' ? 'level=2\n' : 'level=1\n');
/** What the owner's disk has of it as long as nobody has changed it. */
export const untouchedSetting = 'untouched\n';
const folderMark = 'folder\n';
const goneMark = 'gone\n';

/** The commands by which cases change a setting and look at it; what the owner made of it is on the disk. */
export function settingCommands(files: FileStore, version: string, fault?: SettingFault): Known[] {
  const kept = async () => {
    const found = (await files.read(settingPath))?.content.toString();
    const own = found === untouchedSetting ? undefined : found;
    const isRegular = own === undefined || own.startsWith('level=');
    const isPassedOver =
      version === '2.0' && (fault === 'overwritten' || (fault === 'regular only' && !isRegular));
    return isPassedOver ? undefined : own;
  };
  const keep = async (content: string) => {
    await files.replace(settingPath, Buffer.from(content));
    return prints('');
  };
  const shipped = fault === 'stale' ? shippedBy('1.0') : shippedBy(version);
  const path = "'/etc/vendor\\.conf'";
  return [
    [
      new RegExp(`^echo '# of the owner' >>${path} && sync$`),
      async () => keep(`${(await kept()) ?? shipped}# of the owner\n`),
    ],
    [new RegExp(`^cp ${path} .* && ln -s `), async () => keep(`link\n${(await kept()) ?? shipped}`)],
    [new RegExp(`^rm ${path} && mkdir `), () => keep(folderMark)],
    [new RegExp(`^rm ${path} && sync$`), () => keep(goneMark)],
    [
      new RegExp(`^path=${path}\\n`),
      async () => {
        const own = await kept();
        if (own === goneMark) return prints('nothing\n');
        if (own === folderMark) return prints(`folder\n${sha256('kept')}  kept\n`);
        const link = own?.startsWith('link\n') === true ? `link to ${settingPath}.own\n` : '';
        return prints(`${link}${sha256(own ?? shipped)}  -\n`);
      },
    ],
  ];
}
