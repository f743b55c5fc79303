import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HarnessError, messageOf, ScenarioError } from '../core/errors.ts';
import { type Action, Controller } from './controller.ts';
import type { DdiFault } from './faults.ts';
import type { HawkbitServer, Ordered } from './hawkbit-server.ts';
import { causeOf, Management, type ManagementAccount } from './management.ts';
import { feedbackSchema, type Offer, parseJson } from './messages.ts';

export interface RemoteOptions extends ManagementAccount {
  tenant: string;
  signal: AbortSignal;
  /** Told once of what ends the run: the device is not to blame for what follows. */
  onFault: (error: unknown) => void;
  onNotice: (message: string) => void;
}

/** More than any client has to say at once. */
const mostBytes = 1024 * 1024;
/** What of a device's request the server is told. */
const forwarded = [
  ...['accept', 'authorization', 'content-type', 'if-match', 'if-none-match', 'if-range', 'range'],
  'user-agent',
];
/** What of its answer the device is told. */
const returned = ['accept-ranges', 'content-length', 'content-range', 'content-type', 'etag', 'location'];

const states: Record<string, Action['state']> = {
  finished: 'finished',
  error: 'error',
  canceled: 'canceled',
  canceling: 'canceling',
};

/** What devices ask by; whatever else comes is answered here. */
const methods = ['GET', 'HEAD', 'PUT', 'POST'];

/** A device that was made there, with its own token and its one order. */
interface RemoteDevice {
  token: string;
  controller: Controller;
  action: Action;
}

/**
 * A hawkBit server that somebody else runs. Orders are given by its Management API. Devices reach it through the harness,
 * which is all that their network has: their requests are handed on and the addresses in the answers are made the
 * harness's. What devices say on the way is noted; what has become of an order is asked of the server.
 */
export class RemoteServer implements HawkbitServer, AsyncDisposable {
  private readonly options: RemoteOptions;
  private readonly management: Management;
  private readonly devices = new Map<string, RemoteDevice>();
  private readonly sets = new Map<string, Promise<number>>();
  /** What was made there, in that order. */
  private readonly made: string[] = [];
  /** So that nothing is called what somebody has called theirs. */
  private readonly prefix = `brownout-${randomBytes(4).toString('hex')}`;

  constructor(options: RemoteOptions) {
    this.options = options;
    const { address, credentials, from, signal } = options;
    this.management = new Management({ address, credentials, from }, signal);
  }

  async order(wanted: string, offer: Offer, file: string | undefined): Promise<Ordered> {
    const { management, options } = this;
    const id = `${this.prefix}-${this.devices.size + 1}-${wanted}`;
    const token = randomBytes(16).toString('hex');
    const named = { ...offer, name: `${this.prefix}-${offer.name}` };
    const known = this.sets.get(offer.version);
    const making = known ?? this.createSet(named, file);
    this.sets.set(offer.version, making);
    const set = await making;
    await management.createTarget(id, token);
    this.made.push(`targets/${encodeURIComponent(id)}`);
    const controller = new Controller(await management.assign(id, set));
    const action = controller.assign(offer, { download: 'forced', update: 'forced' });
    this.devices.set(id, { token, controller, action });
    return { id, token, tenant: options.tenant, controller, action };
  }

  async lastOrder(id: string): Promise<Action | undefined> {
    const found = this.devices.get(id);
    if (found === undefined) return undefined;
    const status = await this.management.actionStatus(id, found.action.id);
    return { ...found.action, state: states[status] ?? 'running' };
  }

  get latest(): Controller | undefined {
    return [...this.devices.values()].at(-1)?.controller;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const url = request.url ?? '';
    if (!url.startsWith(`/${encodeURIComponent(this.options.tenant)}/controller/`)) return false;
    const device = this.deviceAt(url);
    if (device === undefined) refuse(response.setHeader('WWW-Authenticate', 'TargetToken'), 401);
    else if (!methods.includes(request.method ?? ''))
      refuse(response.setHeader('Allow', methods.join(', ')), 405);
    else await this.answerFor(device, request, response);
    return true;
  }

  private async answerFor(
    device: RemoteDevice,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const said = await bodyOf(request);
    if (said === undefined) {
      refuse(response.setHeader('Connection', 'close'), 413);
      return;
    }
    const answer = await this.forward(device, request, said);
    if (answer === undefined) {
      refuse(response, 502);
      return;
    }
    if (answer.ok) hear(device, request, said);
    await this.hand(answer, request, response);
  }

  /** The device that a request speaks for; undefined where none was made here, or its path leads elsewhere. */
  private deviceAt(url: string): RemoteDevice | undefined {
    const prefix = `/${encodeURIComponent(this.options.tenant)}/controller/v1/`;
    const own = new URL(this.options.address).pathname.replace(/\/$/, '');
    // As it will be asked for: with ".." followed.
    const whole = `${this.options.address}${url}`;
    const path = URL.canParse(whole) ? new URL(whole).pathname : '';
    if (!path.startsWith(own + prefix)) return undefined;
    const [id = ''] = path.slice((own + prefix).length).split('/');
    return [...this.devices].find(([known]) => encodeURIComponent(known) === id)?.[1];
  }

  misbehave(faults: readonly DdiFault[]): { readonly met: number } {
    if (faults.length > 0) throw new Error('nobody here can make that server misbehave');
    return { met: 0 };
  }

  setTerms(): void {
    throw new Error('that server gives orders on its own terms');
  }

  /** Takes away what was made there, the latest first; what cannot be is told. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { address, credentials, from, onNotice } = this.options;
    // The run's own signal may be why it ends.
    const management = new Management({ address, credentials, from }, new AbortController().signal);
    for (const what of this.made.toReversed())
      await management.remove(what).catch((error: unknown) => {
        onNotice(`hawkbit: ${what} is left on the server: ${messageOf(error)}`);
      });
  }

  private async createSet(offer: Offer, file: string | undefined): Promise<number> {
    const module = await this.management.createModule(offer, file);
    this.made.push(`softwaremodules/${module}`);
    const set = await this.management.createSet(offer, module);
    this.made.push(`distributionsets/${set}`);
    return set;
  }

  /** Undefined where the server does not answer; whoever runs this has been told. */
  private async forward(
    { token }: RemoteDevice,
    request: IncomingMessage,
    said: Buffer,
  ): Promise<Response | undefined> {
    const { address, signal, onFault } = this.options;
    const gone = new AbortController();
    request.once('close', () => {
      if (request.destroyed && !request.complete) gone.abort();
    });
    try {
      const method = request.method ?? 'GET';
      const answer = await fetch(`${address}${request.url ?? ''}`, {
        method,
        // As it is: lengths and ranges are of what the device is given.
        headers: { ...pick(forwarded, (name) => request.headers[name]), 'accept-encoding': 'identity' },
        ...(said.length === 0 || method === 'GET' || method === 'HEAD' ? {} : { body: said }),
        redirect: 'manual',
        signal: AbortSignal.any([signal, gone.signal]),
      });
      // A device that comes with another token is refused as it should be.
      if (answer.status === 401 && request.headers.authorization === `TargetToken ${token}`)
        onFault(
          new ScenarioError(
            'hawkbit-refused',
            `${address} does not let a device in by the token that it was made with`,
            { hint: 'its tenant configuration must allow targets to authenticate by their security token' },
          ),
        );
      return answer;
    } catch (error) {
      if (!signal.aborted && !gone.signal.aborted)
        onFault(new HarnessError('hawkbit-failed', `${address}: a device's request: ${causeOf(error)}`));
      return undefined;
    }
  }

  private async hand(answer: Response, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const ours = `http://${request.headers.host ?? ''}`;
    const local = (text: string) => text.replaceAll(new URL(this.options.address).origin, ours);
    const headers = pick(returned, (name) => answer.headers.get(name) ?? undefined);
    if (headers['location'] !== undefined) headers['location'] = local(headers['location']);
    if (answer.headers.get('content-type')?.includes('json') === true) {
      const body = Buffer.from(local(await answer.text()));
      response.writeHead(answer.status, { ...headers, 'content-length': body.length }).end(body);
      return;
    }
    response.writeHead(answer.status, headers);
    if (answer.body === null || request.method === 'HEAD') response.end();
    else await pipeline(Readable.fromWeb(answer.body), response);
  }
}

/** Notes what a device has asked or said, and the server has taken. */
function hear({ controller }: RemoteDevice, { method, url = '' }: IncomingMessage, said: Buffer): void {
  const [, rest = ''] = /\/controller\/v1\/[^/?]+\/?([^?]*)/.exec(url) ?? [];
  if (method === 'GET' && rest === '') controller.poll();
  const [, about, number] = /^(deploymentBase|cancelAction)\/(\d+)\/feedback$/.exec(rest) ?? [];
  if (method !== 'POST' || about === undefined) return;
  const feedback = feedbackSchema.safeParse(parseJson(said.toString()));
  if (!feedback.success) return;
  const { status } = feedback.data;
  if (about === 'deploymentBase') controller.feedback(Number(number), status);
  else controller.cancelFeedback(Number(number), status);
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Length': 0 }).end();
}

function pick(
  names: readonly string[],
  value: (name: string) => string | string[] | undefined,
): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const found = value(name);
      return typeof found === 'string' ? [[name, found] as const] : [];
    }),
  );
}

/** Undefined where it is too long. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > mostBytes) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
