/**
 * Who did what: the events' topic in a database, searchable, and verifiable against what was
 * journalled. Invariant: the bytes and chain values of a record are kept as they came; every other
 * column is derived from them.
 */
@NullMarked
package dev.caisson.auditor.trail;

import org.jspecify.annotations.NullMarked;
