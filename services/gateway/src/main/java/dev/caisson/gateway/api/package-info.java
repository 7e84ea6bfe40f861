/** The services of caisson.v1. */
@NullMarked
package dev.caisson.gateway.api;

import org.jspecify.annotations.NullMarked;
