import { fingerprintPattern, releasePattern } from '../document/forms.ts';
import { type MachineName, machineNames } from '../model/machine.ts';
import { type WantedAccelerator, wantedAccelerators } from '../qemu/wanted-accelerator.ts';
import { parseDuration } from '../scenario/duration.ts';
import { oneOf, wrongValue as wrong } from './choices.ts';

/** Reads `--machine`. */
export function machineName(text: string): MachineName {
  return oneOf('--machine', machineNames, text);
}

/** Reads `--accelerator`. */
export function acceleratorName(text: string): WantedAccelerator {
  return oneOf('--accelerator', wantedAccelerators, text);
}

/** Reads a whole number between two bounds. */
export function wholeNumber(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw wrong(option, `a whole number from ${least} to ${most}`, text);
  };
}

/** Reads the name of a release. */
export function releaseOption(option: string): (text: string) => string {
  return (text) => {
    if (releasePattern.test(text)) return text;
    throw wrong(option, 'a release: letters, digits, . _ + ~ -, 128 of them at most', text);
  };
}

/** Reads `--feed`. */
export function releaseAndFolder(text: string): { release: string; folder: string } {
  const [, release = '', folder = ''] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (releasePattern.test(release)) return { release, folder };
  throw wrong('--feed', 'a release and a folder, 4.2=deploy/deb', text);
}

/** Reads a size, to bytes. */
export function byteSize(option: string): (text: string) => number {
  return (text) => {
    const [, number = '', unit = ''] = /^(\d{1,6})([KMGT])$/.exec(text) ?? [];
    const bytes = Number(number) * 1024 ** ' KMGT'.indexOf(unit);
    if (number !== '' && bytes >= 1 << 20 && bytes <= 2 ** 40) return bytes;
    throw wrong(option, 'a size of 1M to 1T, such as 512M or 20G', text);
  };
}

/** Reads how long ago something was, to milliseconds. */
export function age(option: string): (text: string) => number {
  return (text) => {
    const [, number = '', unit = ''] = /^(\d{1,5})([mhdw])$/.exec(text) ?? [];
    const minutes: Record<string, number> = { m: 1, h: 60, d: 1440, w: 7 * 1440 };
    const factor = minutes[unit];
    if (factor !== undefined) return Number(number) * factor * 60_000;
    throw wrong(option, 'an age such as 90m, 36h, 30d or 8w', text);
  };
}

/** Reads a duration, to milliseconds. */
export function durationMs(text: string): number {
  const value = parseDuration(text);
  if (value !== undefined && value >= 1000 && value <= 7 * 86_400_000) return value;
  throw wrong('--budget', 'a duration of 1s to 168h, such as 30m', text);
}

/** Reads a point in time (ISO 8601); without a time of day midnight, without a zone UTC. */
export function pointInTime(option: string): (text: string) => Date {
  return (text) => {
    const [, day, time = '00:00', zone = 'Z'] =
      /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? [];
    const date = new Date(`${day ?? ''}T${time}${zone}`);
    if (day !== undefined && !Number.isNaN(date.getTime())) return date;
    throw wrong(option, 'a time such as 2026-01-31 or 2026-01-31T12:00:00Z', text);
  };
}

/** Reads `--suite`: one word, as sources.list(5) takes it. */
export function suiteName(text: string): string {
  if (/^[A-Za-z0-9][\w.+~-]{0,63}$/.test(text)) return text;
  throw wrong('--suite', 'a letter or digit, then letters, digits, . _ + ~ -', text);
}

/** Reads `--seed`: any short word, since it is hashed. */
export function seedText(text: string): string {
  if (/^[\w.:-]{1,64}$/.test(text)) return text;
  throw wrong('--seed', '1 to 64 letters, digits, or . _ : -', text);
}

/** Reads `--created`: the one form of a time that SPDX knows. */
export function utcTime(text: string): string {
  const isWritten = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text);
  if (isWritten && !Number.isNaN(Date.parse(text))) return text;
  throw wrong('--created', 'a time such as 2026-11-21T10:54:00Z', text);
}

/** Reads `--vendor`: an ID of os-release(5). */
export function vendorId(text: string): string {
  if (/^[a-z0-9._-]{1,64}$/.test(text)) return text;
  throw wrong('--vendor', 'the ID of an os-release file, such as debian', text);
}

/** Reads `--ssh-host-key`: the SHA-256 of a key in base64, with or without its label. */
export function fingerprint(text: string): string {
  const bare = text.replace(/^SHA256:/, '').replace(/=+$/, '');
  if (fingerprintPattern.test(bare)) return bare;
  throw wrong('--ssh-host-key', 'SHA256: and 43 letters, digits, + or /', text);
}
