/** What the tests of several modules share. Nothing of it is on any service's class path. */
@NullMarked
package dev.caisson.testing;

import org.jspecify.annotations.NullMarked;
