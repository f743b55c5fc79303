import type { DdiFault } from '../hawkbit/faults.ts';
import type { Wrong } from '../image/wrong-bundle.ts';
import type { Action, Place } from './conformance-case.ts';
import type { Cast } from './roles.ts';

/** `install 2.0 from a server that sends a wrong byte`: for people. */
export function actionText(action: Action, cast: Cast): string {
  const named = (role: keyof Cast) => cast[role] ?? role;
  switch (action.do) {
    case 'install': {
      const from =
        action.fault === undefined ? '' : `, ${faultTexts[action.fault.fault] ?? action.fault.fault}`;
      const by = action.server === undefined ? '' : `, ${serverText(action.server)}`;
      const wrong = action.wrong === undefined ? '' : `, ${wrongTexts[action.wrong]}`;
      const end = action.killed === undefined ? '' : ', and the agent is killed half-way';
      const to = action.changesTo;
      const changes =
        to === undefined ? '' : `, in whose place the server has ${named(to)} from half of it on`;
      const twice =
        action.meanwhile === undefined ? '' : `, and meanwhile ${named(action.meanwhile)} is to be installed`;
      const stalls = action.stalls === undefined ? '' : ', of which the server sends half, and then nothing';
      const window =
        action.window === undefined ? '' : ', in a maintenance window that is closed for a while';
      return `install ${named(action.release)}${wrong}${from}${stalls}${changes}${by}${end}${twice}${window}`;
    }
    case 'start':
      return `start ${action.times} times${startTexts[`${action.confirm}`]}`;
    case 'lose power':
      return `lose power ${action.times} times`;
    case 'ask server':
      return serverTexts[action.order];
    case 'ask agent':
      return 'the agent must know that it has failed';
    case 'overwrite slot':
      return action.with === 'zeroes'
        ? 'the other slot holds zeroes'
        : 'the other slot becomes a copy of the one that runs';
    case 'mount slot':
      return 'the other slot is mounted';
    case 'lose environment':
      return environmentTexts[action.leaves];
    case 'set clock':
      return action.to === 'lost'
        ? 'the clock has lost its time'
        : 'the clock says that twenty years have passed';
    case 'note':
      return `note ${action.what.join(', ')}`;
    case 'same':
      return `as it was: ${action.what.join(', ')}`;
    case 'renewed':
      return `no more what it was: ${action.what}`;
    case 'edit':
      return editTexts[action.to];
    case 'use data':
      return action.how === 'write' ? "the release writes the owner's data" : "the owner's data can be read";
    case 'begin again':
      return 'the case begins again';
    case 'fill':
      return `${placeTexts[action.place]} is full`;
    case 'free':
      return `${placeTexts[action.place]} has room again`;
    case 'see':
      return `on ${action.on.map(named).join(' or ')}`;
    case 'confirm':
      return action.must === 'refuse' ? 'confirm, which must be refused' : action.do;
    case 'boot':
    case 'roll back':
      return action.do;
  }
}

const serverTexts = {
  open: 'the server must not know of a success yet',
  closed: 'the server must know',
  failed: 'the server must know of the failure',
} as const;

const environmentTexts = {
  zeroes: "zeroes are in the place of the boot loader's environment",
  nothing: "the boot loader's environment is empty",
  nonsense: "the boot loader's environment has values without sense",
} as const;

const editTexts = {
  'a line more': 'the owner adds a line to the setting',
  'a link': 'the owner puts a link in place of the setting',
  'a folder': 'the owner puts a folder in place of the setting',
  nothing: 'the owner takes the setting away',
} as const;

const placeTexts: Record<Place, string> = {
  boot: 'the boot partition',
  data: "the owner's partition",
  downloads: 'the folder of downloads',
};

const wrongTexts: Record<Wrong, string> = {
  unsigned: 'which nobody has signed',
  stranger: 'which a stranger has signed',
  'other machine': 'which is for another machine',
  'too big': 'which is larger than a slot',
  metadata: 'with one wrong bit in what describes it',
  'needs more': 'which needs what the device does not have',
  'script fails': 'whose script fails before it is written',
  'script hangs': 'whose script never ends',
  'script waits': 'whose script asks to be run again, once',
  'script fails late': 'whose script fails once it is written',
  'script fails at commit': 'whose script fails when it is confirmed',
};

const startTexts = {
  true: '',
  false: ', unconfirmed',
  'if healthy': ', confirmed where its health check says so',
};

/** `whose server answers 2 polls with 503`. */
function serverText(faults: readonly DdiFault[]): string {
  const texts = faults.map(({ on, answer, times }) => {
    const what = `${times === undefined ? 'each' : times} ${on}`;
    if (answer === 'cancel') return `cancels the order at ${what}`;
    if (answer === 'blank') return `answers ${what} with a blank line`;
    if (answer === 'endless') return `answers ${what} without an end`;
    if (answer === 'redirect') return `redirects ${what} to itself`;
    if (answer === 'wrong hash') return `names a wrong hash at ${what}`;
    if (answer === 'absurd size') return `names an absurd size at ${what}`;
    return answer === 'lost' ? `lets the answer to ${what} be lost` : `answers ${what} with ${answer}`;
  });
  return `whose server ${texts.join(', ')}`;
}

const faultTexts: Partial<Record<string, string>> = {
  missing: 'which the server does not have',
  truncated: 'of which the server has only the beginning',
  corrupted: 'of which the server sends one wrong byte',
  dropped: 'of which the server sends one part, and ends the connection',
};
