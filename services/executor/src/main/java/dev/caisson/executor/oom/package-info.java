@NullMarked
package dev.caisson.executor.oom;

import org.jspecify.annotations.NullMarked;
