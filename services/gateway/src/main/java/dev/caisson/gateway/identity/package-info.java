/** Who calls, and whether they may. */
@NullMarked
package dev.caisson.gateway.identity;

import org.jspecify.annotations.NullMarked;
