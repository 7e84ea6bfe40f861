package dev.caisson.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PagesTest {
  @Test
  void hasAHundredWhereNoSizeIsAsked() {
    assertThat(Pages.of("p", 0, "").size()).isEqualTo(100);
  }

  @Test
  void hasNoMoreThanTheBound() {
    assertThat(Pages.of("p", Integer.MAX_VALUE, "").size()).isEqualTo(1000);
  }

  @Test
  void goesOnAfterTheLastOfThePageBefore() {
    Pages first = Pages.of("p", 2, "");
    assertThat(first.after()).isEmpty();
    assertThat(Pages.of("p", 2, first.token("t/a")).after()).isEqualTo("t/a");
  }

  @Test
  void hasNoTokenAfterTheLastPage() {
    assertThat(Pages.of("p", 2, "").token("")).isEmpty();
  }
}
