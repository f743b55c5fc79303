import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { type Action, Controller, type Taken } from './controller.ts';
import { artifactPath, deploymentOf, hashOf } from './documents.ts';
import { type DdiFault, DdiFaultPlan, hostileAnswers, isOrderFault, type Subject } from './faults.ts';
import type { HawkbitServer, Ordered } from './hawkbit-server.ts';
import { answerHostile } from './hostile.ts';
import {
  configDataSchema,
  feedbackSchema,
  type Offer,
  parseJson,
  pollingTime,
  type Terms,
} from './messages.ts';

/** A device that may talk to the server. */
export interface Registration {
  controller: Controller;
  /** Its own token: `Authorization: TargetToken …`. */
  token: string;
}

export interface DdiOptions {
  tenant?: string;
  /** Of `Authorization: GatewayToken …`, by which any device may talk; absent: none. */
  gatewayToken?: string;
  /** Seconds between two polls, as devices are told. */
  polling: number;
  /** Told of each request that was not in order. */
  onNotice: (message: string) => void;
}

/** More than any client has to say at once: suricatta sends 48 lines of its log. */
const mostBytes = 1024 * 1024;

/** Where a request goes: what comes behind `/{tenant}/controller/v1/{id}`. */
type Route =
  | { kind: 'poll' | 'configData' }
  | { kind: 'artifact'; file: string }
  | { kind: 'deployment' | 'cancellation'; action: number }
  | { kind: 'deployment-feedback' | 'cancellation-feedback'; action: number };

/**
 * A hawkBit server as devices see it: the Direct Device Integration API of eclipse-hawkbit 1.1.0. It answers requests of
 * an HTTP server that somebody else has. Files of modules are that server's, too: who may have them is said here.
 */
export class DdiServer implements HawkbitServer {
  private readonly devices = new Map<string, Registration>();
  private plan = new DdiFaultPlan([]);
  private readonly options: DdiOptions;
  private present: Terms = { download: 'forced', update: 'forced' };

  constructor(options: DdiOptions) {
    this.options = options;
  }

  /**
   * Lets a device talk. Throws Error where its name is taken. An action's number is no other device's: clients keep it over
   * reboots, and one that has changed its name must not speak of another order.
   */
  register(id: string, token: string, controller = new Controller(this.devices.size + 1)): Controller {
    if (this.devices.has(id)) throw new Error(`the device ${id} is already there`);
    this.devices.set(id, { controller, token });
    return controller;
  }

  order(wanted: string, offer: Offer): Promise<Ordered> {
    const id = this.freeName(wanted);
    const token = `token-of-${id}`;
    const controller = this.register(id, token);
    return Promise.resolve({
      ...{ id, token, tenant: this.tenant, controller },
      action: controller.assign(offer, this.present),
    });
  }

  lastOrder(id: string): Promise<Action | undefined> {
    return Promise.resolve(this.devices.get(id)?.controller.actions.at(-1));
  }

  /** Gives orders on these terms from now on, and those that are under way. */
  setTerms(terms: Terms): void {
    this.present = terms;
    for (const { controller } of this.devices.values())
      if (controller.active !== undefined) controller.active.terms = terms;
  }

  /** The device that was registered last. */
  get latest(): Controller | undefined {
    return [...this.devices.values()].at(-1)?.controller;
  }

  /** Makes these things go wrong, in place of earlier faults; the plan counts those that were met. */
  misbehave(faults: readonly DdiFault[]): { readonly met: number } {
    this.plan = new DdiFaultPlan(faults);
    return this.plan;
  }

  /** A name that no device has yet: the wanted one, or with a number. */
  freeName(wanted: string): string {
    for (let n = 1; ; n += 1) {
      const name = n === 1 ? wanted : `${wanted}-${n}`;
      if (!this.devices.has(name)) return name;
    }
  }

  /** The device of this name; undefined where it was never registered. */
  device(id: string): Controller | undefined {
    return this.devices.get(id)?.controller;
  }

  /**
   * Answers a request; false where it is not of the API, or is for the file that the device is to have: its address is then
   * the file's own. Rejects when the connection breaks.
   */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const [path = ''] = (request.url ?? '').split(/[?#]/, 1);
    const prefix = `/${encodeURIComponent(this.tenant)}/controller/v1/`;
    if (!path.startsWith(prefix)) return false;
    const [id = '', ...rest] = path.slice(prefix.length).split('/');
    const device = this.admit(decoded(id), request.headers.authorization);
    if (device === undefined) {
      this.options.onNotice(`hawkbit: ${JSON.stringify(id.slice(0, 100))} is not admitted`);
      answer(response.setHeader('WWW-Authenticate', 'TargetToken'), 401);
      return true;
    }
    const route = routeOf(rest);
    if (route === undefined) {
      answer(response, 404);
      return true;
    }
    const methods = methodsOf(route);
    if (!methods.includes(request.method ?? '')) {
      answer(response.setHeader('Allow', methods.join(', ')), 405);
      return true;
    }
    if (route.kind === 'artifact') {
      const fault = this.plan.take('artifact');
      if (await this.spoil(fault, device.controller, request, response)) return true;
      const artifact = device.controller.active?.offer.artifact;
      if (artifact?.filename === route.file) {
        request.url = artifact.path;
        return false;
      }
      answer(response, 404);
      return true;
    }
    await this.answerTo(route, { id: decoded(id), ...device }, request, response);
    return true;
  }

  private async answerTo(
    route: Exclude<Route, { kind: 'artifact' }>,
    { id, controller }: Registration & { id: string },
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const host = `http://${request.headers.host ?? ''}`;
    const base = `${host}${this.base(id)}`;
    switch (route.kind) {
      case 'poll': {
        if (await this.spoil(this.plan.take('poll'), controller, request, response)) return;
        controller.poll();
        json(response, this.pollAnswer(controller, base));
        return;
      }
      case 'deployment': {
        const fault = this.plan.take('deployment');
        if (await this.spoil(fault, controller, request, response)) return;
        const action = controller.deployment(route.action);
        if (action === undefined) answer(response, 404);
        else json(response, deploymentOf(action, base, isOrderFault(fault) ? fault : undefined));
        return;
      }
      case 'cancellation': {
        if (await this.spoil(this.plan.take('cancellation'), controller, request, response)) return;
        const action = controller.cancellation(route.action);
        if (action === undefined) answer(response, 404);
        else json(response, { id: String(action.id), cancelAction: { stopId: String(action.id) } });
        return;
      }
      case 'configData': {
        const said = await this.said(request, response, configDataSchema);
        if (said !== undefined)
          await this.hear('configData', controller, { request, response }, () => {
            controller.describe(said);
            return 'taken';
          });
        return;
      }
      case 'deployment-feedback': {
        const said = await this.said(request, response, feedbackSchema);
        if (said !== undefined)
          await this.hear(
            said.status.execution === 'closed' ? 'closing' : 'feedback',
            controller,
            { request, response },
            () => controller.feedback(route.action, said.status),
          );
        return;
      }
      case 'cancellation-feedback': {
        const said = await this.said(request, response, feedbackSchema);
        if (said !== undefined)
          await this.hear('cancellation', controller, { request, response }, () =>
            controller.cancelFeedback(route.action, said.status),
          );
        return;
      }
    }
  }

  /** Links are whole addresses; that of a deployment ends in `?c=`, a hash of it, which some clients look for. */
  private pollAnswer(controller: Controller, base: string): object {
    const { active, wantsConfigData } = controller;
    const links = {
      ...(active?.state === 'running'
        ? { deploymentBase: { href: `${base}/deploymentBase/${active.id}?c=${hashOf(active)}` } }
        : {}),
      ...(active?.state === 'canceling'
        ? { cancelAction: { href: `${base}/cancelAction/${active.id}` } }
        : {}),
      ...(wantsConfigData ? { configData: { href: `${base}/configData` } } : {}),
    };
    return { config: { polling: { sleep: pollingTime(this.options.polling) } }, _links: links };
  }

  /** Takes what a device says, unless a fault has it unheard. */
  private async hear(
    subject: Subject,
    controller: Controller,
    { request, response }: { request: IncomingMessage; response: ServerResponse },
    take: () => Taken,
  ): Promise<void> {
    const fault = this.plan.take(subject);
    if (typeof fault === 'number') {
      answer(response, fault);
      return;
    }
    const hostile = hostileAnswers.find((one) => one === fault);
    if (hostile !== undefined) {
      await answerHostile(hostile, request, response);
      return;
    }
    const taken = take();
    if (fault === 'cancel') controller.cancel();
    if (fault === 'lost') response.destroy();
    else answer(response, taken === 'taken' ? 200 : taken === 'gone' ? 410 : 404);
  }

  /** Whether a fault has answered a question. */
  private async spoil(
    fault: DdiFault['answer'] | undefined,
    controller: Controller,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<boolean> {
    if (fault === 'cancel') controller.cancel();
    if (fault === undefined || fault === 'cancel' || isOrderFault(fault)) return false;
    if (fault === 'lost') response.destroy();
    else if (typeof fault === 'number') answer(response, fault);
    else await answerHostile(fault, request, response);
    return true;
  }

  /** What a device sent; undefined where that is too long or not of this form, which has then been answered. */
  private async said<Schema extends z.ZodType>(
    request: IncomingMessage,
    response: ServerResponse,
    schema: Schema,
  ): Promise<z.output<Schema> | undefined> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of request) {
      const data = chunk as Buffer;
      bytes += data.length;
      if (bytes > mostBytes) {
        this.options.onNotice('hawkbit: a device sent more than 1 MiB at once');
        answer(response.setHeader('Connection', 'close'), 413);
        return undefined;
      }
      chunks.push(data);
    }
    const parsed = schema.safeParse(parseJson(Buffer.concat(chunks).toString()));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    this.options.onNotice(
      `hawkbit: a device sent what is not of the API: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    );
    answer(response, 400);
    return undefined;
  }

  private admit(id: string, authorization: string | undefined): Registration | undefined {
    const device = this.devices.get(id);
    if (device === undefined) return undefined;
    const { gatewayToken } = this.options;
    const admitted =
      authorization === `TargetToken ${device.token}` ||
      (gatewayToken !== undefined && authorization === `GatewayToken ${gatewayToken}`);
    return admitted ? device : undefined;
  }

  private get tenant(): string {
    return this.options.tenant ?? 'DEFAULT';
  }

  private base(id: string): string {
    return `/${encodeURIComponent(this.tenant)}/controller/v1/${encodeURIComponent(id)}`;
  }
}

function routeOf(parts: readonly string[]): Route | undefined {
  const [first, second = '', third] = parts;
  if (first === undefined) return { kind: 'poll' };
  if (first === 'configData' && parts.length === 1) return { kind: 'configData' };
  const [, , , file] = parts;
  if (file !== undefined && `/${parts.join('/')}` === artifactPath(decoded(file)))
    return { kind: 'artifact', file: decoded(file) };
  if (first !== 'deploymentBase' && first !== 'cancelAction') return undefined;
  if (!/^\d{1,15}$/.test(second) || parts.length > 3 || (third ?? 'feedback') !== 'feedback')
    return undefined;
  const kind = first === 'deploymentBase' ? 'deployment' : 'cancellation';
  return { kind: third === undefined ? kind : `${kind}-feedback`, action: Number(second) };
}

function methodsOf({ kind }: Route): string[] {
  if (kind === 'configData') return ['PUT'];
  if (kind === 'artifact') return ['GET', 'HEAD'];
  return [kind.endsWith('-feedback') ? 'POST' : 'GET'];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

function json(response: ServerResponse, value: object): void {
  const body = Buffer.from(JSON.stringify(value));
  response
    .writeHead(200, { 'Content-Type': 'application/hal+json', 'Content-Length': body.length })
    .end(body);
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Length': 0 }).end();
}
