/** The client of the executor's journal: reads events, commands nothing. */
@NullMarked
package dev.caisson.gateway.journal;

import org.jspecify.annotations.NullMarked;
