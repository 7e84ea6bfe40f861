@NullMarked
package dev.caisson.executor.init;

import org.jspecify.annotations.NullMarked;
