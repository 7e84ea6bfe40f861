/** Writing what must not be lost, and the room that is kept for it. */
@NullMarked
package dev.caisson.executor.disk;

import org.jspecify.annotations.NullMarked;
