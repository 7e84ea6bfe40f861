@NullMarked
package dev.caisson.executor.rpc;

import org.jspecify.annotations.NullMarked;
