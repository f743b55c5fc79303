import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { default as addFormats } from 'ajv-formats';
import { build } from 'esbuild';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { parse, parseAllDocuments } from 'yaml';

/** What is wrong with a pipeline, by what its service has published; empty where nothing is. */
export const ciComplaints = { gitlab, github, kubernetes };

const gitlabSchema = JSON.parse(
  readFileSync(new URL('../data/schemas/gitlab-ci.json', import.meta.url), 'utf8'),
) as object;
const followsGitlab = addFormats.default(new Ajv({ strict: false, allErrors: true })).compile(gitlabSchema);

/** Of `.gitlab-ci.yml`, by the schema of GitLab's own editor. */
function gitlab(text: string): string[] {
  return followsGitlab(parse(text))
    ? []
    : (followsGitlab.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}

/** GitHub's parser, bundled: it imports JSON without saying so, which Node refuses. */
async function workflowParser(): Promise<typeof import('@actions/workflow-parser')> {
  const stdin = { contents: "export * from '@actions/workflow-parser'", resolveDir: import.meta.dirname };
  const { outputFiles } = await build({
    stdin,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  });
  const text = outputFiles.map((file) => file.text).join('');
  return (await import(
    `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`
  )) as typeof import('@actions/workflow-parser');
}

const parser = await workflowParser();

/** Of a workflow, by the parser and schema that GitHub's editors have: also its expressions and which job needs which. */
async function github(text: string): Promise<string[]> {
  const file = { name: 'workflow.yml', content: text };
  const { context, value } = parser.parseWorkflow(file, new parser.NoOperationTraceWriter());
  if (value !== undefined) await parser.convertWorkflowTemplate(context, value);
  return context.errors.getErrors().map(({ message }) => message);
}

const kinds = { Job, PersistentVolumeClaim };

/** Of manifests, by Kubernetes' OpenAPI schemas, which allow fields that they do not know: those are told of as well. */
function kubernetes(text: string): string[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (!('toJS' in document)) return ['no document'];
    const manifest = document.toJS() as { kind: keyof typeof kinds; apiVersion: string };
    const { kind, apiVersion } = manifest;
    const model = kinds[kind];
    if (model.apiVersion !== apiVersion) return [`${kind} is no part of ${apiVersion}`];
    const asked = new Set<string>();
    try {
      model.prototype.validate.call(askedOf(manifest, '', asked));
    } catch (error) {
      return [`${kind}: ${String(error)}`];
    }
    return pathsOf(manifest, '')
      .filter((path) => !asked.has(path))
      .map((path) => `${kind}${path} is no field`);
  });
}

/** The value, noting the paths of what is asked of it: validators read every field that they know. */
function askedOf<T extends object>(value: T, path: string, asked: Set<string>): T {
  return new Proxy(value, {
    get(target, key, receiver) {
      const found: unknown = Reflect.get(target, key, receiver);
      const below = `${path}.${String(key)}`;
      asked.add(below);
      return typeof found === 'object' && found !== null ? askedOf(found, below, asked) : found;
    },
  });
}

function pathsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => [`${path}.${key}`, ...pathsOf(one, `${path}.${key}`)]);
}
