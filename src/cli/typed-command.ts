const commands =
  'setup|init|check|run|record|replay|shell|conform|admit|report|image|yocto|feed|sbom|log|cache|schema|ci|completion';

/**
 * A text for people whose commands can be typed as they stand: who has started the program by npm, as `npx brownout` or in
 * a script, has no program `brownout` in the path.
 */
export function asTyped(text: string, environment: NodeJS.ProcessEnv): string {
  if ((environment['npm_command'] ?? '') === '') return text;
  return text.replaceAll(
    new RegExp(`(?<!npx |[\\w/.-])brownout (?=(?:${commands})\\b)`, 'g'),
    'npx brownout ',
  );
}
