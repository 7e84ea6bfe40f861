@NullMarked
package dev.caisson.executor.procfs;

import org.jspecify.annotations.NullMarked;
