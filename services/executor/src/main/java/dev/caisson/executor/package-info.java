@NullMarked
package dev.caisson.executor;

import org.jspecify.annotations.NullMarked;
