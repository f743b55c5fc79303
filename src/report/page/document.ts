import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { type Content, Html, html } from './html.ts';
import type { PageParts } from './page-parts.ts';

/** A block of data that the page's script inflates when it is asked for. */
export interface Embedded {
  /** `states`, `console`. */
  kind: string;
  name: string;
  text: string;
}

/** A page as a whole. */
export interface PageContent {
  title: string;
  body: Content;
  data: readonly Embedded[];
}

/**
 * A page that needs nothing but itself: it may run its own script, show its own style, and load nothing at all, whatever
 * text it shows.
 */
export function pageDocument({ title, body, data }: PageContent, { script, style }: PageParts): string {
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Html(style)}</style>
</head>
<body>
${body}
${data.map(dataBlock)}
<script>${new Html(script)}</script>
</body>
</html>
`.text;
}

/** Base64 has no character that ends an element. */
function dataBlock({ kind, name, text }: Embedded): Html {
  const deflated = deflateSync(text, { level: 9 }).toString('base64');
  return html`<script type="application/octet-stream" data-kind="${kind}" data-name="${name}">${deflated}</script>
`;
}

/** How a policy names an inline script or style. */
function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
