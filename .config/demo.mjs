// npm run demo: an updater that loses an application to a power cut, its repaired twin, and RAUC on the other machine.
// Plain Node.js, like set-up. Exit code 0: each came out as told beforehand; 3: not so.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

async function brownout(args, stdio) {
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { cwd: root, stdio });
  const [code] = await once(child, 'exit');
  return code;
}

const parts = [
  {
    title: 'An application is updated as nearly everybody writes it. Every power cut is decided: one loses the application.',
    name: 'careless',
    options: ['--power-cuts', 'all', '--audit', '0'],
    expected: 1,
  },
  {
    title: 'The same with one fsync more: every power cut is decided, and none does harm.',
    name: 'careful',
    options: ['--power-cuts', 'all'],
    expected: 0,
  },
  {
    title: 'RAUC with GRUB, A/B slots: four drawn power cuts, and one live.',
    name: 'rauc',
    options: ['--power-cuts', 'random:4'],
    expected: 0,
  },
];

// The other machine's image is built while the first one runs.
const image = brownout(['image', 'build', 'rauc-ab', '--machine', 'qemux86-64'], 'ignore');
for (const [n, { title, name, options, expected }] of parts.entries()) {
  if (name === 'rauc') await image;
  console.log(`\n${n + 1}/${parts.length} ${title}`);
  const args = ['run', `scenarios/demo/${name}.yaml`, ...options, '--reports', `reports/demo/${name}`];
  console.log(`$ npx brownout ${args.join(' ')}`);
  const code = await brownout(args, 'inherit');
  if (code !== expected) {
    console.error(`error: that ended with ${code}, and ${expected} was expected; reports/demo/${name}/latest says why`);
    process.exit(3);
  }
}

console.log('\nThe first updater lost its application to a power cut, its twin did not. To see that cut once more, and the page of it:');
console.log('$ npx brownout replay reports/demo/careless/latest/finding-1.brownout');
console.log('$ npx brownout report open reports/demo/careless/latest');
