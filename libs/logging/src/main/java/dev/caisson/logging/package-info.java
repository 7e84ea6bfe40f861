/** What Logback writes. Of the services that have it, named in their configuration alone. */
@NullMarked
package dev.caisson.logging;

import org.jspecify.annotations.NullMarked;
