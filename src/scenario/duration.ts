/** Milliseconds in each unit that a duration may have. */
const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** What a duration looks like; shared with the schema so that editors know it too. */
export const durationPattern = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|h)$/;

/** Milliseconds of `90s`, `2m`, `1.5h`, `500ms`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = durationPattern.exec(text) ?? [];
  const factor = units[unit ?? ''];
  return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor);
}
