/**
 * What package managers add to a file's name where they put the other content.
 * - opkg 0.6.3: the new default to `-opkg`; the user's, while unpacking and for good where a conffile goes, to `-opkg.backup`
 * - dpkg 1.21.22: `.dpkg-new` while unpacking; then the new default to `.dpkg-dist`, or the user's to `.dpkg-old`.
 *   `.dpkg-tmp` is what a file was, for as long as it takes
 * - dpkg-maintscript-helper(1), rm_conffile: `.dpkg-backup` until all is well, then `.dpkg-bak`; `.dpkg-remove` if unedited
 * - rpm 4.18: the new default to `.rpmnew`; the user's to `.rpmsave`, or to `.rpmorig` if no package had owned it
 * - ucf 3.0043: the new default to `.ucf-dist`, or the user's to `.ucf-old`; `.ucf-new` until then
 */
export const copySuffixes: readonly string[] = [
  '-opkg',
  '-opkg.backup',
  '.dpkg-new',
  '.dpkg-dist',
  '.dpkg-old',
  '.dpkg-tmp',
  '.dpkg-backup',
  '.dpkg-bak',
  '.dpkg-remove',
  '.rpmnew',
  '.rpmsave',
  '.rpmorig',
  '.ucf-new',
  '.ucf-dist',
  '.ucf-old',
];
