import { ScenarioError } from '../../core/errors.ts';
import type { Breakage } from '../../model/image.ts';
import type { Tree } from '../tree.ts';
import { kernelPath } from './root.ts';

const initPath = 'sbin/init';

/** It starts, and nothing more comes of it: no login, no end, and no panic either. */
const hangingInit = '#!/bin/sh\nwhile :; do sleep 3600; done\n';
const failingCheck = '#!/bin/sh\necho "this release does not work"\nexit 1\n';

/**
 * Breaks a release's files in one way. `health` is the path of the image's health check in the running system. Throws
 * ScenarioError `path-unknown` where there is nothing that could be broken so.
 */
export function breakTree(tree: Tree, how: Breakage, health: string | undefined): void {
  switch (how) {
    case 'no-kernel':
      take(tree, kernelPath, how);
      return;
    case 'no-init':
      take(tree, initPath, how);
      return;
    case 'hangs':
      take(tree, initPath, how);
      tree.addFile(initPath, hangingInit, 0o755);
      return;
    case 'health': {
      const path = (health ?? '').replace(/^\//, '');
      take(tree, path, how);
      tree.addFile(path, failingCheck, 0o755);
      return;
    }
  }
}

function take(tree: Tree, path: string, how: Breakage): void {
  if (!tree.remove(path))
    throw new ScenarioError('path-unknown', `a release cannot be broken as ${how}: it has no /${path}`);
}
