@NullMarked
package dev.caisson.executor.hook;

import org.jspecify.annotations.NullMarked;
