/** Times containers against other runtimes on the same machine, in the same run. */
@NullMarked
package dev.caisson.bench;

import org.jspecify.annotations.NullMarked;
