@org.jspecify.annotations.NullMarked
package dev.caisson.executor.usage;
