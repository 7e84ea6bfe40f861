/**
 * What single steps take. A benchmark lies in the package of what it calls where only that package
 * may call it.
 */
@NullMarked
package dev.caisson.bench.micro;

import org.jspecify.annotations.NullMarked;
