import { describe, expect, it } from 'vitest';
import { scenarioJsonSchema } from '../../../src/scenario/schema.ts';

describe('scenarioJsonSchema', () => {
  it('describes the file as it is written, for editors', () => {
    const schema = scenarioJsonSchema() as {
      $schema: string;
      additionalProperties: boolean;
      required: string[];
      properties: { expect: { properties: { boots: { properties: { within: object } } } } };
    };
    expect(schema.$schema).toContain('2020-12');
    expect(schema.additionalProperties).toBe(false);
    expect(schema.required).toEqual(['name', 'machines', 'image', 'agent', 'releases']);
    expect(schema.properties.expect.properties.boots.properties.within).toMatchObject({
      type: 'string',
      default: '120s',
    });
  });
});
