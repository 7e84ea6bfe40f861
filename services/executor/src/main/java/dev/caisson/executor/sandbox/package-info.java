@NullMarked
package dev.caisson.executor.sandbox;

import org.jspecify.annotations.NullMarked;
