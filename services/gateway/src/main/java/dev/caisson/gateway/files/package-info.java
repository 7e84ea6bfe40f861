/** Files that an operator writes and that are taken up while the gateway runs. */
@NullMarked
package dev.caisson.gateway.files;

import org.jspecify.annotations.NullMarked;
