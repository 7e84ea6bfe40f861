@NullMarked
package dev.caisson.executor.stdio;

import org.jspecify.annotations.NullMarked;
