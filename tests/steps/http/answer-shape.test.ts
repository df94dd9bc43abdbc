import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../../runbook/index.ts'
import {
  anyBoolean,
  anyNumber,
  anyString,
  contains,
  difference,
  matching,
  outline,
  type Shape,
} from '../../../steps/http/answer-shape.ts'
import { captured } from '../../../steps/http/captured.ts'

const json = fc.jsonValue() as fc.Arbitrary<Json>

describe('the shape of an answer', () => {
  it('takes every answer for what it is', () => {
    fc.assert(fc.property(json, (value) => difference(value as Shape, value) === undefined))
  })

  it('does not look at keys that it does not name', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), json, (object, more) => {
        return difference(object as Shape, { 'one more': more, ...object }) === undefined
      }),
    )
  })

  it.each<[Shape, Json, string | undefined]>([
    [anyString, '', undefined],
    [anyString, 17, 'the answer: a string was expected, 17 came'],
    [{ id: anyString }, { id: 17 }, 'id: a string was expected, 17 came'],
    [{ id: anyString }, { name: 'x' }, 'id: a string was expected, nothing came'],
    [{ id: null }, { id: null, x: 1 }, undefined],
    [{ id: null }, {}, 'id: null was expected, nothing came'],
    [{ toString: anyString }, {}, 'toString: a string was expected, nothing came'],
    [{ a: {} }, { a: [] }, 'a: an object was expected, [] came'],
    [[], [], undefined],
    [[], [1], 'the answer: 0 elements were expected, 1 came'],
    [{ a: [1, anyNumber] }, { a: [1, '2'] }, 'a[1]: a number was expected, "2" came'],
    [{ a: { b: [{ c: true }] } }, { a: { b: [{ c: 1 }] } }, 'a.b[0].c: true was expected, 1 came'],
    [anyBoolean, false, undefined],
    [matching(/^ck/g), 'ckx', undefined],
    [matching(/^ck/), 'x', 'the answer: a string like /^ck/ was expected, "x" came'],
    [contains({ id: 'b' }), [{ id: 'a' }, { id: 'b', more: 1 }], undefined],
    [contains({ id: 'c' }), [{ id: 'a' }, { id: 'b' }], 'the answer: none of 2 elements is { id: "c" }'],
    [contains('x'), 'x', 'the answer: an array with "x" in it was expected, "x" came'],
    [{ id: captured('id') }, { id: 'ck1' }, undefined],
    [contains(captured('id')), ['ck2'], 'the answer: none of 1 elements is ‹id›'],
  ])('%j against %j: %s', (shape, value, wrong) => {
    expect(difference(shape, value, { id: 'ck1' })).toBe(wrong)
  })

  it('remembers nothing between two answers', () => {
    const sticky = matching(/a/gy)
    expect([difference(sticky, 'a'), difference(sticky, 'a')]).toEqual([undefined, undefined])
  })

  it('outlines an answer without what stands in it', () => {
    expect(outline({ id: 'secret', name: 'x' })).toBe('an object with id, name')
    expect(outline(['secret'])).toBe('an array of 1')
  })
})
