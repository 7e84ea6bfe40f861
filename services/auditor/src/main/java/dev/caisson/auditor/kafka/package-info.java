/** How the auditor's workers live with a Kafka that comes and goes. */
@NullMarked
package dev.caisson.auditor.kafka;

import org.jspecify.annotations.NullMarked;
