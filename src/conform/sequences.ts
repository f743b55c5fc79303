import type { Role } from '../model/conformance.ts';
import type { Action } from './conformance-case.ts';

/** It comes up with one of these releases, as its owner wants it. */
export function comesUpWith(...on: Role[]): Action[] {
  return [{ do: 'boot' }, { do: 'see', on }];
}

/** The same, and somebody says that it works. */
export function takesIntoUse(...on: Role[]): Action[] {
  return [...comesUpWith(...on), { do: 'confirm' }];
}

/** The same, and it is still there after four starts. */
export function staysWith(...on: Role[]): Action[] {
  return [...takesIntoUse(...on), { do: 'start', times: 4, confirm: true }, { do: 'see', on }];
}
