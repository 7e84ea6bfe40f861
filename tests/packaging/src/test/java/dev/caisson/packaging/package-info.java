/** What services are given where they are installed, against the list of what each may be given. */
@NullMarked
package dev.caisson.packaging;

import org.jspecify.annotations.NullMarked;
