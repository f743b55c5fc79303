import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fileTrouble } from '../../../src/core/file-trouble.ts';

const troubleOf = (path: string): string => {
  try {
    readFileSync(path);
  } catch (error) {
    return fileTrouble(error);
  }
  return '';
};

it('why a file cannot be read is said in words', () => {
  expect(troubleOf('/none')).toBe('no such file');
  expect(troubleOf('package.json/none')).toBe('no such file');
  expect(troubleOf('src')).toBe('it is a folder');
  expect(troubleOf(`/${'x'.repeat(300)}`)).toBe('no file has so long a name');
  expect(fileTrouble(Object.assign(new Error('ELOOP: too many'), { code: 'ELOOP' }))).toBe(
    'its symbolic links lead in a circle',
  );
  expect(fileTrouble(new Error('it is odd'))).toBe('it is odd');
});
