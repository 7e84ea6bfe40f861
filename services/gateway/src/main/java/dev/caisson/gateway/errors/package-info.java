/** Every error that the gateway answers with, and how the executor's read here. Pure. */
@NullMarked
package dev.caisson.gateway.errors;

import org.jspecify.annotations.NullMarked;
