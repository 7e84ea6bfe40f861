/** The names of resources, as texts and as values. Pure. */
@NullMarked
package dev.caisson.gateway.names;

import org.jspecify.annotations.NullMarked;
