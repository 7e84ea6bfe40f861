@NullMarked
package dev.caisson.executor.poll;

import org.jspecify.annotations.NullMarked;
