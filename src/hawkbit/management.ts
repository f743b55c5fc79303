import { openAsBlob } from 'node:fs';
import { z } from 'zod';
import { HarnessError, messageOf, ScenarioError } from '../core/errors.ts';
import { type Offer, parseJson } from './messages.ts';

/** Where a hawkBit server is, and who one is to it. */
export interface ManagementAccount {
  /** Without a slash at its end. */
  address: string;
  /** `user:password`; never part of a message. */
  credentials: string;
  /** What the credentials were taken from, for messages. */
  from: string;
}

/** Milliseconds for one request; an upload takes as long as it takes. */
const limitMs = 60_000;
const uploadLimitMs = 1_800_000;

const made = z.array(z.object({ id: z.number() })).min(1);
const assigned = z.object({ assignedActions: z.array(z.object({ id: z.number() })).min(1) });
const action = z.object({ detailStatus: z.string().optional(), status: z.string() });
const page = z.object({ content: z.array(z.unknown()) });

/** What has become of an action, in hawkBit's words: `running`, `finished`, `error`, `canceled`, `canceling`, … */
type ActionStatus = string;

/**
 * The Management API of eclipse-hawkbit (`/rest/v1`, HTTP basic authentication), as far as orders need it. Each method throws
 * ScenarioError `hawkbit-refused` where the credentials do not suffice, and HarnessError `hawkbit-failed` where the server does
 * not do its part.
 */
export class Management {
  private readonly account: ManagementAccount;
  private readonly signal: AbortSignal;

  constructor(account: ManagementAccount, signal: AbortSignal) {
    this.account = account;
    this.signal = signal;
  }

  /** Throws ScenarioError `hawkbit-unreachable` where no hawkBit server answers at the address. */
  async check(): Promise<void> {
    try {
      await this.ask(page, 'GET', '/targets?limit=1');
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      throw new ScenarioError('hawkbit-unreachable', `there is no hawkBit server: ${error.message}`, {
        cause: error,
        hint: 'server.hawkbit.address is what a browser opens, such as http://hawkbit.example:8080',
      });
    }
  }

  /** Makes a device known by its name and its token. */
  async createTarget(id: string, token: string): Promise<void> {
    await this.send('POST', '/targets', [{ controllerId: id, name: id, securityToken: token }]);
  }

  /** A software module with one file, or none. Returns its number. */
  async createModule({ name, version, artifact }: Offer, file: string | undefined): Promise<number> {
    const [module] = await this.ask(made, 'POST', '/softwaremodules', [{ name, version, type: 'os' }]);
    const id = module?.id ?? 0;
    if (artifact !== undefined && file !== undefined) {
      const form = new FormData();
      form.set('file', await openAsBlob(file), artifact.filename);
      await this.send('POST', `/softwaremodules/${id}/artifacts`, form);
    }
    return id;
  }

  /** A distribution set of one module. Returns its number. */
  async createSet({ name, version }: Offer, module: number): Promise<number> {
    const body = [{ name, version, type: 'os', modules: [{ id: module }] }];
    const [set] = await this.ask(made, 'POST', '/distributionsets', body);
    return set?.id ?? 0;
  }

  /** Orders a device to install a distribution set, at once. Returns the action's number. */
  async assign(id: string, set: number): Promise<number> {
    const body = { id: set, type: 'forced' };
    const { assignedActions } = await this.ask(assigned, 'POST', `/targets/${path(id)}/assignedDS`, body);
    return assignedActions[0]?.id ?? 0;
  }

  async actionStatus(id: string, number: number): Promise<ActionStatus> {
    const { detailStatus, status } = await this.ask(action, 'GET', `/targets/${path(id)}/actions/${number}`);
    return detailStatus ?? status;
  }

  /** Takes something away that was made here: `targets/ID`, `distributionsets/7`, `softwaremodules/3`. */
  async remove(what: string): Promise<void> {
    await this.send('DELETE', `/${what}`);
  }

  private async ask<Schema extends z.ZodType>(
    schema: Schema,
    method: string,
    where: string,
    body?: object,
  ): Promise<z.output<Schema>> {
    const text = await (await this.send(method, where, body)).text();
    const parsed = schema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw this.failed(method, where, `an answer that is no hawkBit's: ${JSON.stringify(text.slice(0, 80))}`);
  }

  private async send(method: string, where: string, body?: object): Promise<Response> {
    const { address, credentials, from } = this.account;
    const isForm = body instanceof FormData;
    const timeout = AbortSignal.timeout(isForm ? uploadLimitMs : limitMs);
    const answer = await fetch(`${address}/rest/v1${where}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        accept: 'application/hal+json, application/json',
        ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.any([this.signal, timeout]),
    }).catch((error: unknown) => {
      this.signal.throwIfAborted();
      throw this.failed(method, where, causeOf(error));
    });
    if (answer.ok) return answer;
    await answer.body?.cancel();
    if (answer.status === 401 || answer.status === 403)
      throw new ScenarioError(
        'hawkbit-refused',
        `${address} does not take the credentials of ${from} (${answer.status}, ${method} /rest/v1${where})`,
        { hint: 'they are user:password of an account that may make targets, software and assignments' },
      );
    throw this.failed(method, where, `${answer.status}`);
  }

  private failed(method: string, where: string, why: string): HarnessError {
    return new HarnessError('hawkbit-failed', `${this.account.address}: ${method} /rest/v1${where}: ${why}`);
  }
}

function path(id: string): string {
  return encodeURIComponent(id);
}

/** What lies below "fetch failed". */
export function causeOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
}
